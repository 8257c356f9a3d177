// In the document's head, before Gradio: a browser that forbids storage (in a frame of another site, say) throws at the
// mere mention of it, and Gradio's BrowserState would take the page down with it. It gets one that forgets.
for (const name of ["localStorage", "sessionStorage"]) {
  try {
    window[name].length;
  } catch {
    const kept = new Map();
    Object.defineProperty(window, name, { value: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, String(value)),
      removeItem: (key) => void kept.delete(key),
    } });
  }
}
