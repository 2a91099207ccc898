import { AdminOnly } from "../app/admin-only.tsx";
import { Screen } from "../look/screen.tsx";
import { Deliveries } from "./deliveries.tsx";
import { Endpoints } from "./endpoints.tsx";

/** Who is told of what happens, and what became of it. */
export function Webhooks() {
  return (
    <AdminOnly title="Webhooks" does="make webhooks, or see what was delivered">
      <Screen
        title="Webhooks"
        lead="Events are posted to your URLs, signed, each at least once, and tried again for three days."
      >
        <Endpoints />
        <Deliveries />
      </Screen>
    </AdminOnly>
  );
}
