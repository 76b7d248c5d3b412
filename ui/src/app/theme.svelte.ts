/** Light, dark, or as the system says. */

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'sightloop-theme';

class Look {
  theme = $state<Theme>(read());

  choose(theme: Theme): void {
    this.theme = theme;
    if (theme === 'system') {
      delete document.documentElement.dataset['theme'];
      localStorage.removeItem(KEY);
    } else {
      document.documentElement.dataset['theme'] = theme;
      localStorage.setItem(KEY, theme);
    }
  }
}

function read(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export const look = new Look();
