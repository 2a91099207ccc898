import { Modal } from "@mantine/core";
import { useEffect, useState } from "react";

type Props = {
  title: string;
  onClose: () => void;
  /** What is in it can be seen only once: it is closed by its own buttons, not by a click beside it. */
  keep?: boolean;
  children: React.ReactNode;
};

/** A dialog, open for as long as it is there. It holds the keyboard, and gives it back to where it was. */
export function Dialog({ title, onClose, keep = false, children }: Props) {
  // Seen when it is first drawn: a menu that it was opened from is gone right after.
  const [origin] = useState(() => originOf(document.activeElement));
  useEffect(
    () => () => {
      const back = origin?.isConnected ? origin : document.querySelector<HTMLElement>("h1");
      back?.focus({ preventScroll: true });
    },
    [origin],
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      size="lg"
      centered
      returnFocus={false}
      closeOnClickOutside={!keep}
      closeOnEscape={!keep}
      closeButtonProps={{ "aria-label": "close" }}
      styles={{
        title: { fontWeight: 650, fontSize: "1.1rem" },
        content: {
          background: "var(--surface)",
          border: "1px solid var(--line)",
          // The library's own red is too light to be read on white.
          "--mantine-color-error": "var(--bad)",
        },
        header: { background: "var(--surface)" },
      }}
    >
      {children}
    </Modal>
  );
}

/** What opened the dialog: of an entry of a menu, which is gone by then, the menu's button. */
function originOf(active: Element | null): HTMLElement | null {
  const button = active?.closest("[role=menu]")?.getAttribute("aria-labelledby");
  const origin = button ? document.getElementById(button) : active;
  return origin instanceof HTMLElement ? origin : null;
}
