/** Files made here and saved by the browser: tables as CSV, charts as PNG. */

const RUNS = /^ *[=+\-@\t\r\0＝＋－＠]/; // as the server's own CSV is defused

const BYTE_ORDER_MARK = "\ufeff";

/** Return a table as CSV that a spreadsheet opens as what it is: in its characters, and no cell a formula. */
export function csvOf(rows) {
  return BYTE_ORDER_MARK + rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" && RUNS.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Have the browser save a file. */
export function save(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
