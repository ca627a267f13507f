// Stands in for prettier's JavaScript parser and printer: see prettier.js.
export const parsers = {};
export const printers = {};
