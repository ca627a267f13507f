// Stands in for Monaco's diff editors, which GraphiQL never opens but Monaco's public face mentions.
export class DiffEditorWidget {}
export class MultiDiffEditorWidget {}
