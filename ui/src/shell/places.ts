/** Where one can go inside a project. */
import type { Component } from 'svelte';
import ChartColumn from '@lucide/svelte/icons/chart-column';
import Eye from '@lucide/svelte/icons/eye';
import Images from '@lucide/svelte/icons/images';
import Boxes from '@lucide/svelte/icons/boxes';
import ListTodo from '@lucide/svelte/icons/list-todo';
import Settings from '@lucide/svelte/icons/settings';
import Upload from '@lucide/svelte/icons/upload';

export interface Place {
  name: string;
  /** After `/p/<project>`. */
  path: string;
  icon: Component<{ size?: number; strokeWidth?: number }>;
  /** Further paths under which this place counts as the current one. */
  also?: string[];
}

export const PLACES: Place[] = [
  { name: 'Library', path: '', icon: Images, also: ['/images', '/trash'] },
  { name: 'Upload', path: '/upload', icon: Upload },
  { name: 'Review', path: '/review', icon: Eye },
  { name: 'Insights', path: '/insights', icon: ChartColumn, also: ['/report'] },
  {
    name: 'Models',
    path: '/models',
    icon: Boxes,
    also: ['/train', '/runs', '/cascade', '/search', '/drift', '/snapshots', '/wanted'],
  },
  { name: 'Jobs', path: '/jobs', icon: ListTodo },
  { name: 'Settings', path: '/settings', icon: Settings },
];

/** Whether the page at `path` belongs to `place` of the project at `root` ("/p/name"). */
export function isCurrent(place: Place, root: string, path: string): boolean {
  const rest = path.slice(root.length).replace(/\/$/, '');
  if (rest === place.path) return true;
  return [place.path, ...(place.also ?? [])].some((one) => one !== '' && (rest === one || rest.startsWith(`${one}/`)));
}
