import { Text } from "@mantine/core";

/** Names and what they are, under each other. */
export function Fields({ fields }: { fields: readonly (readonly [name: string, value: React.ReactNode])[] }) {
  return (
    <dl className="fields">
      {fields.map(([name, value], i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two lines may have one name, and they never change places
        <Field key={`${name} ${i}`} name={name}>
          {value}
        </Field>
      ))}
    </dl>
  );
}

function Field({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <Text component="dd" fz="sm">
        {children}
      </Text>
    </>
  );
}
