/** Where this browser keeps the API key between visits. */
const PLACE = "tallyroot.api-key";

/** The key that was signed in with, null where there is none. */
export function storedKey(): string | null {
  return localStorage.getItem(PLACE);
}

export function storeKey(apiKey: string): void {
  localStorage.setItem(PLACE, apiKey);
}

export function forgetKey(): void {
  localStorage.removeItem(PLACE);
}

/** Calls back when another tab of this browser signs in or out. */
export function onKeyChange(changed: () => void): () => void {
  const heard = ({ key }: StorageEvent) => {
    if (key === PLACE || key === null) changed();
  };
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
}
