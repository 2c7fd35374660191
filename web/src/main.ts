import './styles/tokens.css'
import './styles/base.css'

import { createPinia } from 'pinia'
import { createApp } from 'vue'

import App from './App.vue'
import { restoreTheme } from './lib/theme'
import { router } from './router'

restoreTheme()
createApp(App).use(createPinia()).use(router).mount('#app')
