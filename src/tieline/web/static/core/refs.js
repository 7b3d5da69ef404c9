/** References to records of other systems. */

/** `helpdesk:8841`, whether it came as text or in its parts. */
export function refText(ref) {
  return typeof ref === "string" ? ref : `${ref?.connection}:${ref?.id}`;
}
