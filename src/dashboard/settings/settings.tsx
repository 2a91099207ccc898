import { Grid, Stack } from "@mantine/core";
import { useSession } from "../app/session.tsx";
import { Screen } from "../look/screen.tsx";
import { Limits } from "./limits.tsx";
import { Month } from "./month.tsx";
import { Place } from "./place.tsx";
import { ThisBrowser } from "./this-browser.tsx";

/** What this server is like, and what this browser keeps. */
export function Settings() {
  const { customerId } = useSession();
  return (
    <Screen title="Settings" lead="What this browser keeps, where the anchors are, and how far everything goes.">
      <Stack gap="md">
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Stack gap="md">
              <ThisBrowser />
              {/* The month's count is of the whole tenant: a key of one customer may not ask for it. */}
              {customerId === null && <Month />}
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Place />
          </Grid.Col>
        </Grid>
        <Limits />
      </Stack>
    </Screen>
  );
}
