/** Why something does not get on in another system, in the reader's words. */

import { say, sayOr } from "../core/texts.js";

/** The sentence for a code of `source`; a code nobody has words for is some other fault. */
export function faultText(code, source) {
  return sayOr(`fault.${code}`, sayOr(`failure.${code}`, say("fault.other"))).replaceAll("{source}", source);
}
