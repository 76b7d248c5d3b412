/** Whether masks lie over pictures, on every page; kept for the next visit. */
const KEY = 'sightloop-masks';

class Shown {
  on = $state(localStorage.getItem(KEY) !== 'off');

  toggle(): void {
    this.on = !this.on;
    if (this.on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, 'off');
  }
}

export const masks = new Shown();
