/** Who is signed in, and how that came about. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { api, ask, onSignedOut, renew } from '@/api/client'
import type { Schemas, User } from '@/api/client'
import { reconnectNow, stopLive } from '@/api/live'
import { applyTheme } from '@/lib/theme'
import type { Theme } from '@/lib/theme'

export const useSession = defineStore('session', () => {
  const user = ref<User | null>(null)
  /** A session that ended while somebody worked: the page stays, and asks for the password over it. */
  const hasExpired = ref(false)
  let waiting: ((isSignedIn: boolean) => void)[] = []

  onSignedOut(() => {
    if (!user.value) return Promise.resolve(false)
    hasExpired.value = true
    return new Promise((resolve) => waiting.push(resolve))
  })

  function take(found: User): void {
    user.value = found
    if (isTheme(found.theme_setting)) applyTheme(found.theme_setting)
  }

  /** Whether a cookie of an earlier visit is still good. */
  async function resume(): Promise<boolean> {
    if (user.value) return true
    const me = await fetch('/api/v1/users/me')
    const isGood = me.ok || (me.status === 401 && (await renew()))
    if (!isGood) return false
    take(me.ok ? ((await me.json()) as User) : await ask(api.GET('/api/v1/users/me')))
    return true
  }

  async function signIn(username: string, password: string): Promise<void> {
    await ask(api.POST('/api/v1/users/token', { body: { username, password } }))
    take(await ask(api.GET('/api/v1/users/me')))
    hasExpired.value = false
    release(true)
    reconnectNow()
  }

  async function register(who: Schemas['Registration']): Promise<void> {
    await ask(api.POST('/api/v1/users/register', { body: who }))
    await signIn(who.username, who.password)
  }

  async function signOut(): Promise<void> {
    await ask(api.POST('/api/v1/users/logout', {}))
    forget()
  }

  /** Nobody is signed in any more; who waits for that hears so. */
  function forget(): void {
    user.value = null
    hasExpired.value = false
    stopLive()
    release(false)
  }

  function release(isSignedIn: boolean): void {
    const all = waiting
    waiting = []
    for (const resolve of all) resolve(isSignedIn)
  }

  async function setTheme(theme: Theme): Promise<void> {
    applyTheme(theme)
    take(await ask(api.PATCH('/api/v1/users/me/theme', { body: { theme } })))
  }

  return { user, hasExpired, resume, signIn, register, signOut, forget, setTheme }
})

function isTheme(text: string | null | undefined): text is Theme {
  return text === 'system' || text === 'light' || text === 'dark'
}
