/** How a view can be shown, and what its form asks for. */

interface ViewType {
  value: string
  label: string
}

export const VIEW_TYPES: ViewType[] = [
  { value: 'table', label: 'Table' }, { value: 'list', label: 'List' }, { value: 'task-list', label: 'Task list' }, { value: 'kanban', label: 'Board' }, { value: 'gallery', label: 'Gallery' },
  { value: 'calendar', label: 'Calendar' }, { value: 'rollup', label: 'Figures' }, { value: 'corkboard', label: 'Corkboard' }, { value: 'dashboard', label: 'Dashboard' }, { value: 'chart', label: 'Chart' },
]
