import { Box, Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { EndpointsView, EndpointView } from "../../sdk/operating-answers.ts";
import { useSession } from "../app/session.tsx";
import { Nothing, Outcome } from "../look/outcome.tsx";
import { Surface } from "../look/surface.tsx";
import { DeleteEndpoint } from "./delete-endpoint.tsx";
import { EditEndpoint } from "./edit-endpoint.tsx";
import { EndpointCard } from "./endpoint-card.tsx";
import { MakeEndpoint } from "./make-endpoint.tsx";
import { RotateSecret } from "./rotate-secret.tsx";

type Opened = { dialog: "make" } | { dialog: "edit" | "rotate" | "delete"; endpoint: EndpointView } | null;

/** The tenant's endpoints, as every part of this screen asks for them. */
export function useEndpoints() {
  const { pac } = useSession();
  return useQuery<EndpointsView>({ queryKey: ["webhooks", "endpoints"], queryFn: () => pac.webhookEndpoints.list() });
}

/** The list of webhooks, and the dialogs about them. */
export function Endpoints() {
  const endpoints = useEndpoints();
  const [opened, setOpened] = useState<Opened>(null);
  const close = () => setOpened(null);
  const all = endpoints.data?.webhooks ?? [];
  const { total = 0, limit = 0 } = endpoints.data?.pagination ?? {};
  const full = endpoints.data !== undefined && total >= limit;
  const urls = (except?: EndpointView) => all.filter(({ id }) => id !== except?.id).map(({ url }) => url);
  return (
    <Surface
      flush
      title="Endpoints"
      mb="md"
      actions={
        <Button size="xs" disabled={endpoints.data === undefined || full} onClick={() => setOpened({ dialog: "make" })}>
          New webhook
        </Button>
      }
    >
      {full && (
        <Text fz="sm" px="md" pb="sm">
          There are {total} of at most {limit} webhooks. Delete one to make another.
        </Text>
      )}
      <Outcome query={endpoints} lines={3}>
        {({ webhooks }) =>
          webhooks.length === 0 ? (
            <Nothing title="No webhook yet">
              A webhook tells a program of yours what happens here, without it having to ask. Make one to begin.
            </Nothing>
          ) : (
            <Box component="ul" m={0} p={0}>
              {webhooks.map((endpoint) => (
                <EndpointCard
                  key={endpoint.id}
                  endpoint={endpoint}
                  onEdit={() => setOpened({ dialog: "edit", endpoint })}
                  onRotate={() => setOpened({ dialog: "rotate", endpoint })}
                  onDelete={() => setOpened({ dialog: "delete", endpoint })}
                />
              ))}
            </Box>
          )
        }
      </Outcome>
      {opened?.dialog === "make" && <MakeEndpoint taken={urls()} onClose={close} />}
      {opened?.dialog === "edit" && (
        <EditEndpoint endpoint={opened.endpoint} taken={urls(opened.endpoint)} onClose={close} />
      )}
      {opened?.dialog === "rotate" && <RotateSecret endpoint={opened.endpoint} onClose={close} />}
      {opened?.dialog === "delete" && <DeleteEndpoint endpoint={opened.endpoint} onClose={close} />}
    </Surface>
  );
}
