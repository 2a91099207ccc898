import { Box, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { LimitsView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { Outcome } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";
import { LIMIT_WORDS, limitText } from "./limit-words.ts";

const NAMES = Object.keys(LIMIT_WORDS) as (keyof LimitsView)[];
const GROUPS = [...new Set(NAMES.map((name) => LIMIT_WORDS[name].group))];

/** Every limit of the server, in words. */
export function Limits() {
  const { pac } = useSession();
  // They change with the server's version only.
  const limits = useQuery({ queryKey: ["limits"], queryFn: () => pac.balance.limits(), refetchInterval: false });
  return (
    <Surface title="Limits">
      <Outcome query={limits} lines={8}>
        {(values) => (
          <Box mt="sm" style={{ columns: "2 22rem", columnGap: 32 }}>
            {GROUPS.map((group) => (
              <Box key={group} mb="lg" style={{ breakInside: "avoid" }}>
                <Table verticalSpacing={5} horizontalSpacing={0} captionSide="top">
                  <Table.Caption ta="left" mt={0} mb={2} c="inherit" fw={600} fz="sm">
                    {group}
                  </Table.Caption>
                  <Table.Tbody>
                    {NAMES.filter((name) => LIMIT_WORDS[name].group === group).map((name) => (
                      <Limit key={name} name={name} value={values[name]} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Box>
            ))}
          </Box>
        )}
      </Outcome>
    </Surface>
  );
}

function Limit({ name, value }: { name: keyof LimitsView; value: number | null }) {
  const words: { name: string; unit: Parameters<typeof limitText>[1]; none?: string } = LIMIT_WORDS[name];
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400} ta="left">
        {words.name}
      </Table.Th>
      <Table.Td ta="right" pl="sm" style={{ whiteSpace: "nowrap" }}>
        <Text span fz="sm" title={name}>
          {value === null ? (words.none ?? "no limit") : limitText(value, words.unit)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
