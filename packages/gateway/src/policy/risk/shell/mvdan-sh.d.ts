/** The parts of mvdan-sh that are used; the package has no types of its own. Its classes are compiled from Go. */
declare module 'mvdan-sh' {
  export interface Node {
    readonly [field: string]: unknown;
  }
  export interface Parser {
    /** @throws an error object of Go's with `Error()`. */
    Parse(text: string, name: string): Node;
  }
  const sh: {
    readonly syntax: {
      NewParser(...options: unknown[]): Parser;
      NodeType(node: Node): string;
      /** Visits in the order of the text; `null` ends a node whose visit returned true. */
      Walk(node: Node, visit: (node: Node | null) => boolean): void;
    };
  };
  export default sh;
}
