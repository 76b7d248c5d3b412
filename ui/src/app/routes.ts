/** Every page: its pattern and how to load it. A page of a project gets `project`, its name, among its parameters. */
import type { Component } from 'svelte';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Page = { default: Component<any> };

export interface Route {
  pattern: string;
  load: () => Promise<Page>;
  /** Shown without an account. */
  open?: boolean;
}

export const ROUTES: Route[] = [
  { pattern: '/login', load: () => import('$/routes/login/Login.svelte'), open: true },
  { pattern: '/register', load: () => import('$/routes/login/Register.svelte'), open: true },
  { pattern: '/', load: () => import('$/routes/projects/Projects.svelte') },
  { pattern: '/new', load: () => import('$/routes/projects/NewProject.svelte') },
  { pattern: '/p/:project', load: () => import('$/routes/library/Library.svelte') },
  { pattern: '/p/:project/upload', load: () => import('$/routes/upload/Upload.svelte') },
  { pattern: '/p/:project/trash', load: () => import('$/routes/library/Trash.svelte') },
  { pattern: '/p/:project/images/:id', load: () => import('$/routes/image/Picture.svelte') },
  { pattern: '/p/:project/images/:id/report', load: () => import('$/routes/mask/Report.svelte') },
  { pattern: '/p/:project/review', load: () => import('$/routes/review/Review.svelte') },
  { pattern: '/p/:project/insights', load: () => import('$/routes/insights/Insights.svelte') },
  { pattern: '/p/:project/report', load: () => import('$/routes/report/Report.svelte') },
  { pattern: '/p/:project/models', load: () => import('$/routes/models/Models.svelte') },
  { pattern: '/p/:project/models/compare', load: () => import('$/routes/models/Compare.svelte') },
  { pattern: '/p/:project/models/:ref', load: () => import('$/routes/models/Version.svelte') },
  { pattern: '/p/:project/snapshots', load: () => import('$/routes/snapshots/Snapshots.svelte') },
  { pattern: '/p/:project/train', load: () => import('$/routes/training/Train.svelte') },
  { pattern: '/p/:project/cascade', load: () => import('$/routes/cascade/Cascade.svelte') },
  { pattern: '/p/:project/drift', load: () => import('$/routes/drift/Drift.svelte') },
  { pattern: '/p/:project/drift/:id', load: () => import('$/routes/drift/Drift.svelte') },
  { pattern: '/p/:project/wanted', load: () => import('$/routes/wanted/WantedPage.svelte') },
  { pattern: '/p/:project/search', load: () => import('$/routes/search/Searches.svelte') },
  { pattern: '/p/:project/search/:job', load: () => import('$/routes/search/SearchPage.svelte') },
  { pattern: '/p/:project/runs/:id', load: () => import('$/routes/training/Run.svelte') },
  { pattern: '/p/:project/jobs', load: () => import('$/routes/jobs/Jobs.svelte') },
  { pattern: '/p/:project/jobs/:id', load: () => import('$/routes/jobs/JobPage.svelte') },
  { pattern: '/p/:project/settings', load: () => import('$/routes/settings/Settings.svelte') },
  { pattern: '/jobs', load: () => import('$/routes/jobs/Jobs.svelte') },
  { pattern: '/jobs/:id', load: () => import('$/routes/jobs/JobPage.svelte') },
  { pattern: '/account', load: () => import('$/routes/account/Account.svelte') },
  { pattern: '/admin', load: () => import('$/routes/admin/Users.svelte') },
  { pattern: '/admin/storage', load: () => import('$/routes/admin/Storage.svelte') },
  { pattern: '/admin/notices', load: () => import('$/routes/admin/Notices.svelte') },
  { pattern: '/status', load: () => import('$/routes/admin/Status.svelte') },
];
