/** The address of a project's library, and the beginning of those of its other pages. */
export function projectPath(name: string): string {
  return `/p/${encodeURIComponent(name)}`;
}

/** The part of a query with which a picture's page opens its mask editor. */
export const EDITING = 'edit=true';
