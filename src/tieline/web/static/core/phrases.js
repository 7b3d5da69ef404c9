/**
 * Sentences the server has already made, said again in the agent's language.
 *
 * A sentence is recognised by its pattern in any of our languages; its values are taken out and put into the wanted one. What
 * is not recognised, such as a script an administrator wrote, stays as it is.
 */

let patterns = [];
let byCode = new Map();

/** Load the catalogue: a list of the same sentence in each language. */
export async function learn(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  const catalogue = await answer.json();
  byCode = new Map(catalogue.map(({ code, ...sentence }) => [code, sentence]));
  patterns = catalogue.flatMap(({ code: _, ...sentence }) =>
    Object.entries(sentence).map(([language, text]) => ({ language, sentence, ...patternOf(text) })),
  );
  patterns.sort((one, other) => other.fixed - one.fixed);
}

/** Return `text` in `language`, if it is a sentence we know. */
export function retell(text, language) {
  if (!text) return "";
  for (const { language: written, sentence, pattern, names } of patterns) {
    const found = pattern.exec(text);
    if (!found || !sentence[language]) continue;
    if (written === language) return text;
    const values = Object.fromEntries(names.map((name, index) => [name, retell(found[index + 1], language)]));
    return sentence[language].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  }
  return text;
}

/** Return the sentence of a code without its values, or the code itself. */
export function sentenceOf(code, language) {
  const text = byCode.get(code)?.[language] ?? String(code ?? "").replaceAll("_", " ");
  return text.replace(/\s*\{\w+\}/g, "").trim();
}

/** A pattern for a text with `{names}`; `fixed` counts its own letters, so that the most telling pattern is tried first. */
function patternOf(text) {
  const names = [];
  const source = text
    .split(/(\{\w+\})/)
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part);
      if (!name) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      names.push(name[1]);
      return "(.+?)";
    })
    .join("");
  return { pattern: new RegExp(`^${source}$`, "su"), names, fixed: text.replace(/\{\w+\}/g, "").length };
}
