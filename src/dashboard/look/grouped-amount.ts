/**
 * An amount's text in the groups that it is read in: threes in front of the point, everything behind it together. The groups joined are
 * the text again.
 *
 * @param exact a decimal as the API writes it: `-1234567.001`.
 */
export function groupedAmount(exact: string): { at: number; digits: string }[] {
  const [, sign = "", whole = "", rest = ""] = /^([+-]?)(\d+)(\.\d+)?$/.exec(exact) ?? [];
  if (whole === "") return [{ at: 0, digits: exact }];
  const lead = whole.length % 3 || 3;
  const groups = [sign + whole.slice(0, lead)];
  for (let i = lead; i < whole.length; i += 3) groups.push(whole.slice(i, i + 3));
  groups.push(groups.pop()! + rest);
  let at = 0;
  return groups.map((digits) => {
    const group = { at, digits };
    at += digits.length;
    return group;
  });
}
