// Runs before the first paint, so that a chosen theme never flashes.
try {
  const chosen = localStorage.getItem('sightloop-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is off: the system's theme is used.
}
