import { useSyncExternalStore } from "react";

const paper = () => matchMedia("print");

function onChange(changed: () => void): () => void {
  const media = paper();
  media.addEventListener("change", changed);
  return () => media.removeEventListener("change", changed);
}

/** Whether the page is being printed just now. */
export function useOnPaper(): boolean {
  return useSyncExternalStore(onChange, () => paper().matches);
}
