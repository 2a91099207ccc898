import { lazy, Suspense } from "react";
import { Redirect, Route, Switch } from "wouter";
import { Nothing, Waiting } from "../look/outcome.tsx";
import { Screen } from "../look/screen.tsx";
import { Overview } from "../overview/overview.tsx";
import { ledgerPath } from "./places.ts";
import { useSession } from "./session.tsx";

// Each screen is fetched when somebody goes there.
const Ledgers = lazy(async () => ({ default: (await import("../ledgers/ledgers.tsx")).Ledgers }));
const Ledger = lazy(async () => ({ default: (await import("../ledger/ledger.tsx")).Ledger }));
const Compare = lazy(async () => ({ default: (await import("../compare/compare.tsx")).Compare }));
const Checkpoints = lazy(async () => ({ default: (await import("../checkpoints/checkpoints.tsx")).Checkpoints }));
const Checkpoint = lazy(async () => ({ default: (await import("../checkpoints/checkpoint.tsx")).Checkpoint }));
const Anchors = lazy(async () => ({ default: (await import("../log/anchors.tsx")).Anchors }));
const Webhooks = lazy(async () => ({ default: (await import("../webhooks/webhooks.tsx")).Webhooks }));
const Keys = lazy(async () => ({ default: (await import("../keys/keys.tsx")).Keys }));
const Settings = lazy(async () => ({ default: (await import("../settings/settings.tsx")).Settings }));

/** Which screen a path is. */
export function Screens() {
  const { customerId } = useSession();
  const home = customerId === null ? <Overview /> : <Redirect to={ledgerPath(customerId)} replace />;
  return (
    <Suspense fallback={<Waiting />}>
      <Switch>
        <Route path="/">{home}</Route>
        <Route path="/sign-in">
          <Redirect to="/" replace />
        </Route>
        <Route path="/ledgers">{customerId === null ? <Ledgers /> : home}</Route>
        <Route path="/ledgers/:customerId">
          {({ customerId: id }) => <Ledger key={id} customerId={decodeURIComponent(id)} />}
        </Route>
        <Route path="/compare">
          <Compare />
        </Route>
        <Route path="/checkpoints">
          <Checkpoints />
        </Route>
        <Route path="/checkpoints/:checkpointId">
          {({ checkpointId }) => <Checkpoint key={checkpointId} checkpointId={decodeURIComponent(checkpointId)} />}
        </Route>
        <Route path="/log">
          <Anchors />
        </Route>
        <Route path="/webhooks">
          <Webhooks />
        </Route>
        <Route path="/keys">
          <Keys />
        </Route>
        <Route path="/settings">
          <Settings />
        </Route>
        <Route>
          <Screen title="There is nothing here">
            <Nothing title="This page does not exist">
              <a href="/">Go to the overview</a>
            </Nothing>
          </Screen>
        </Route>
      </Switch>
    </Suspense>
  );
}
