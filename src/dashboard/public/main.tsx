import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Public } from "./public.tsx";
import { savedEvidence } from "./verify/saved-evidence.ts";

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
const saved = savedEvidence(document);
createRoot(root).render(
  <StrictMode>
    <Public saved={saved} />
  </StrictMode>,
);
