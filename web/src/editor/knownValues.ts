/** The values that a property has in the workspace, the most frequent first. */
import { api, ask } from '@/api/client'
import { useWorkspace } from '@/stores/workspace'

const OFFERED = 30

export async function suggestValues(key: string): Promise<string[]> {
  // A key that the search line would read as something else has no suggestions.
  if (!/^[\w-]+$/.test(key)) return []
  const workspace = useWorkspace()
  const query = { workspace_id: workspace.slug, q: `${key}:* group:${key}`, limit: 1 }
  try {
    const { groups } = await ask(api.GET('/api/v1/query', { params: { query } }))
    return Object.keys(groups ?? {}).filter((value) => value !== '').slice(0, OFFERED)
  } catch {
    return []
  }
}
