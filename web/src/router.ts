/** Addresses of pages. The server sends the page for the same ones (src/api/ops/ui.rs). */
import { createRouter, createWebHistory } from 'vue-router'
import type { RouteLocationNormalized } from 'vue-router'

import { api, ask } from './api/client'
import { isText, kindOf } from './lib/kinds'
import { useSession } from './stores/session'
import { useWorkspace } from './stores/workspace'

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/', name: 'start', component: () => import('./shell/NoWorkspace.vue') },
    { path: '/sign-in', name: 'sign-in', component: () => import('./shell/SignInPage.vue'), meta: { isPublic: true, title: 'Sign in' } },
    { path: '/register', name: 'register', component: () => import('./shell/RegisterPage.vue'), meta: { isPublic: true, title: 'Register' } },
    {
      path: '/w/:ws',
      component: () => import('./shell/WorkspaceShell.vue'),
      children: [
        { path: '', name: 'home', component: () => import('./shell/HomePage.vue') },
        { path: '-/search', name: 'search', component: () => import('./shell/SearchPage.vue'), meta: { title: 'Search' } },
        { path: '-/settings/:section?', name: 'settings', component: () => import('./settings/SettingsPage.vue'), meta: { title: 'Settings' } },
        { path: '-/history/:nb/:path(.*)*', name: 'history', component: () => import('./history/HistoryPage.vue') },
        { path: ':nb/:path(.*)*', name: 'place', component: () => import('./shell/PlacePage.vue') },
      ],
    },
    { path: '/:rest(.*)*', name: 'nowhere', component: () => import('./shell/NowherePage.vue'), meta: { isPublic: true, title: 'Not found' } },
  ],
})

/** What an address will need is fetched while it is asked who is there, and not one after the other. */
function fetchAhead(to: RouteLocationNormalized): void {
  const parts: (() => Promise<unknown>)[] = to.matched.map((record) => record.components?.default as unknown).filter((one) => typeof one === 'function') as never
  if (to.name === 'place' && isText(kindOf([to.params.path ?? []].flat().join('/')))) parts.push(() => import('./editor/NotePage.vue'), () => import('./editor/live'))
  // Where one does not arrive, that is said by whoever needs it.
  for (const part of parts) part().catch(() => undefined)
}

router.beforeEach(async (to) => {
  const session = useSession()
  fetchAhead(to)
  if (to.meta.isPublic) return true
  if (!(await session.resume())) {
    const { is_first } = await ask(api.GET('/api/v1/users/register', {}))
    return is_first ? { name: 'register' } : { name: 'sign-in', query: to.path === '/' ? {} : { next: to.fullPath } }
  }
  if (to.name === 'start') {
    const workspace = useWorkspace()
    await workspace.loadAll()
    const preferred = workspace.preferred()
    if (preferred) return { name: 'home', params: { ws: preferred.slug }, replace: true }
  }
  return true
})

router.afterEach((to) => {
  if (typeof to.meta.title === 'string') document.title = `${to.meta.title} · Codex`
})
