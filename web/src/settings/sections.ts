/** Places of the settings, as addresses name them. */
export const SECTIONS = [
  { name: 'account', label: 'Account' },
  { name: 'access', label: 'Sessions and tokens' },
  { name: 'members', label: 'Members' },
  { name: 'notebooks', label: 'Notebooks' },
  { name: 'mounts', label: 'Mounts' },
  { name: 'templates', label: 'Templates' },
  { name: 'tags', label: 'Tags' },
] as const

export type SectionName = (typeof SECTIONS)[number]['name']
