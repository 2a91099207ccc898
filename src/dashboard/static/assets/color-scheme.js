// Runs before anything is painted, so that a page in dark does not flash in light.
(() => {
  let chosen = "auto";
  try {
    chosen = localStorage.getItem("tallyroot.color-scheme") ?? "auto";
  } catch (error) {
    if (error.name !== "SecurityError") throw error; // storage is switched off: the system's preference it is
  }
  const dark = chosen === "dark" || (chosen === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
