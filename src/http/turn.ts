/**
 * Tells when the present turn of the event loop met its first request. What has come by then is read one after the other, and an unread
 * request waits where nobody sees it: from then on, at least.
 */
export function openTurn(): (now: number) => number {
  let began: number | undefined;
  const end = () => {
    began = undefined;
  };
  return (now) => {
    if (began !== undefined) return began;
    setImmediate(end);
    began = now;
    return now;
  };
}
