/** Options that name the part of a ledger that a command is about, and the members of a request that they stand for. */
export const PERIOD = {
  period: { describe: "A UTC month, YYYY-MM" },
  "time-preset": { describe: "Instead of a month", choices: ["current_month", "custom"] },
  "start-date": { describe: "From this day or time on (UTC)" },
  "end-date": { describe: "To the end of this day, or to this time" },
} as const;

export type Period = Partial<Record<keyof typeof PERIOD, string | undefined>>;

export function periodMembers(values: Period): Record<string, string | undefined> {
  return {
    period: values.period,
    timePreset: values["time-preset"],
    startDate: values["start-date"],
    endDate: values["end-date"],
  };
}
