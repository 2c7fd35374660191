import { defineConfig, devices } from '@playwright/test'

const chromium = process.env.CODEX_CHROMIUM ?? '/usr/bin/chromium'
/** A machine that does other things besides is slower, and nothing here is about how fast it is. */
const patience = process.env.CI ? 3 : 1

// One server with a mount for all of them; each test has a notebook of its own.
export default defineConfig({
  testDir: './e2e',
  outputDir: './test-results',
  globalSetup: './e2e/support/setup.ts',
  timeout: 30_000 * patience,
  expect: { timeout: 6000 * patience },
  workers: 1,
  forbidOnly: true,
  reporter: process.env.CI ? 'dot' : 'list',
  use: {
    launchOptions: { executablePath: chromium, args: ['--no-sandbox', '--disable-dev-shm-usage'] },
    trace: 'retain-on-failure',
    timezoneId: 'UTC',
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
  },
  projects: [
    { name: 'desktop', use: { viewport: { width: 1280, height: 800 } }, testIgnore: '**/*.phone.spec.ts' },
    { name: 'phone', use: { ...devices['Pixel 7'], defaultBrowserType: 'chromium' }, testIgnore: ['**/*.desktop.spec.ts', '**/screenshots.spec.ts', '**/figures.spec.ts'] },
  ],
})
