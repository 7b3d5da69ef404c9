/**
 * Our tickets that a card shows, read when the card begins to list them and whenever the live channel says that one moved.
 *
 * One reading of a card is under way at a time; what is said meanwhile makes it read once more, so the last word is always shown.
 */

import { refText } from "../core/refs.js";

const AGAIN_MS = 3_000;

export class CardTickets {
  #read;
  #draw;
  #wait;

  /** `read(call)` answers a promise of the tickets; `draw()` shows them; `wait` is for tests. */
  constructor({ read, draw, wait = setTimeout }) {
    this.#read = read;
    this.#draw = draw;
    this.#wait = wait;
  }

  /** Read when a card lists other tickets than before, or has come to be talked on. */
  follow(call) {
    const listed = listedOn(call.pop);
    if (listed === (call.listedTickets ?? "")) return;
    call.listedTickets = listed;
    this.renew(call);
  }

  /** Read a card's tickets, or once more if they are being read. */
  async renew(call) {
    call.readAgain = true;
    if (call.reading) return;
    call.reading = true;
    while (call.readAgain) {
      call.readAgain = false;
      const answer = await this.#read(call).catch((refused) => this.#later(call, refused));
      if (answer) call.tickets = answer.items;
    }
    call.reading = false;
    this.#draw();
  }

  /** What failed on the way is asked again; what was refused would be refused again. */
  #later(call, refused) {
    if (refused.status === 0 || refused.status >= 500) this.#wait(() => this.renew(call), AGAIN_MS);
    return null;
  }
}

/** The copies a card lists, as one text; a call that is talked on may have tickets of its own. */
function listedOn({ blocks, call }) {
  const items = Object.entries(blocks ?? {}).flatMap(([name, block]) => (name.split("@")[0] === "tickets" ? block.items : []));
  const talked = call?.answered_at ? ["answered"] : [];
  return [...talked, ...items.map(({ ref }) => refText(ref))].join(" ");
}
