import { Text } from "@mantine/core";
import { Surface } from "../../look/surface.tsx";
import type { Known } from "./pins.ts";
import { stepWords } from "./step-words.ts";

const NUMBERS = [1, 2, 3, 4, 5, 6] as const;

/** What will happen to a file, before there is one. */
export function HowItWorks({ known }: { known: Known }) {
  return (
    <Surface title="What is checked" mt="md">
      {Object.keys(known).length > 0 && (
        <Text fz="sm" mb="sm" role="status">
          Your policy is read. Files are held against it from now on.
        </Text>
      )}
      <ol className="plain-list">
        {NUMBERS.map((number) => (
          <li key={number}>{stepWords("delta", number).title}</li>
        ))}
      </ol>
      <Text fz="sm" c="dimmed" mt="sm">
        Steps 1 to 5 need nothing but the file. For step 6 an endpoint of the chain is asked, which may be anybody's.
        The page can be saved with its evidence, and verifies it again without this server.
      </Text>
    </Surface>
  );
}
