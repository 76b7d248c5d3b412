/** The roles that somebody can have, from least to most, and what each may do. */
export const ROLES = [
  { name: 'viewer', may: 'looks at pictures, answers and figures, and downloads them.' },
  { name: 'reviewer', may: 'uploads pictures as well, says what they show, and moves them to the trash.' },
  { name: 'maintainer', may: 'also trains models, decides which one is live, and changes settings and members.' },
] as const;

export const ADMIN = {
  name: 'admin',
  may: 'may do everything in every project, and looks after accounts and storage.',
} as const;
