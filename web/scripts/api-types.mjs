// Makes src/api/schema.d.ts of the description of the API that the server's tests keep, so that it cannot differ from it.
import { readFileSync, writeFileSync } from 'node:fs'

import openapiTS, { astToString } from 'openapi-typescript'

const snapshot = new URL('../../tests/it/api/snapshots/it__api__description__openapi.snap', import.meta.url)
const types = new URL('../src/api/schema.d.ts', import.meta.url)

const text = readFileSync(snapshot, 'utf8')
const description = JSON.parse(text.slice(text.indexOf('\n{')))
const made = astToString(await openapiTS(description, { defaultNonNullable: false }))
writeFileSync(types, `// Made by scripts/api-types.mjs.\n${made}`)
