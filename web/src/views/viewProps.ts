/** What each way to draw a view is given. */
import type { Schemas } from '@/api/client'

import type { Definition } from './definition'
import type { View } from './useView'

export interface ViewProps {
  definition: Definition
  result: Schemas['QueryResult']
  view: View
  /** Whether it is a panel of a dashboard: smaller, and without what changes the view itself. */
  embedded?: boolean
}
