import { Box, Button, Group, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { download } from "../../look/download.ts";
import { Waiting } from "../../look/outcome.tsx";
import { Surface } from "../../look/surface.tsx";
import { CodeBlock } from "../code-block.tsx";
import { contractFileUrl } from "./built-with.ts";
import type { ContractFile } from "./contract-file.ts";

/** Sources and ABI, to be read, copied and compiled again. */
export function Sources() {
  const { data, error, refetch } = useQuery({
    queryKey: ["contract-file"],
    queryFn: readContractFile,
    refetchInterval: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Surface title="Sources">
      {data ? (
        <Loaded file={data} />
      ) : error ? (
        <Text fz="sm" role="alert" c="var(--bad)">
          The sources could not be fetched: {error.message}.{" "}
          <Button size="compact-sm" variant="default" onClick={() => void refetch()}>
            Try again
          </Button>
        </Text>
      ) : (
        <Waiting lines={3} />
      )}
    </Surface>
  );
}

/** A part of this page, as its script is. */
async function readContractFile(): Promise<ContractFile> {
  const answer = await fetch(contractFileUrl);
  if (!answer.ok) throw new TypeError(`the server answers with status ${answer.status}`);
  return (await answer.json()) as ContractFile;
}

function Loaded({ file: { compiler, own, abi, standardInput } }: { file: ContractFile }) {
  const abiText = JSON.stringify(abi, null, 2);
  const names = [...own, ...Object.keys(standardInput.sources).filter((name) => !own.includes(name))];
  return (
    <Stack gap="sm">
      <Text fz="sm">
        Compiled by solc {compiler}. The Standard JSON input is what explorers take to compile it again and compare.
      </Text>
      <Group gap="sm">
        <Button
          variant="default"
          size="sm"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() =>
            download("AnchorLog.standard-input.json", "application/json", [JSON.stringify(standardInput, null, 2)])
          }
        >
          Standard JSON input
        </Button>
        <Button
          variant="default"
          size="sm"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => download("AnchorLog.abi.json", "application/json", [abiText])}
        >
          ABI
        </Button>
      </Group>
      {names.map((name) => (
        <Box component="details" key={name}>
          <summary>{name}</summary>
          <Box mt={6}>
            <CodeBlock name={name} text={standardInput.sources[name]!.content} tall />
          </Box>
        </Box>
      ))}
      <Box component="details">
        <summary>ABI</summary>
        <Box mt={6}>
          <CodeBlock name="ABI" text={abiText} tall />
        </Box>
      </Box>
    </Stack>
  );
}
