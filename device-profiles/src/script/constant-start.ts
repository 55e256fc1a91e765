import {
  type AnyNode,
  type Expression,
  type Node,
  parse,
  type Pattern,
  type PrivateIdentifier,
  type Super,
} from "acorn";
import { plain } from "./source-form.ts";

/**
 * Whether what a script makes when it starts can be shown to serve every frame: then its top level runs once. The names of its top level
 * are returned, whose values the driver freezes; null = not shown, its top level runs anew for each frame.
 *
 * The proof has three parts. **Bindings**: no function assigns a name of the top level. **Objects**: what the start makes is known from the
 * syntax (literals, functions, classes, no calls), so that all of it hangs on a top-level name; it is frozen, with every built-in object,
 * and the script runs in strict mode, where writing to it throws. **Nothing hides a throw**: no `try`, no promise, no `async`; a frame that
 * fails runs again the careful way. What would read otherwise in strict mode (`this` as a value, `arguments`, functions declared in blocks)
 * is excluded.
 */
export function constantStart(source: string): readonly string[] | null {
  try {
    const program = parse(`(function (module, exports, require) {"use strict";${plain(source)}\n})`, {
      ecmaVersion: "latest",
    });
    const [statement] = program.body;
    if (program.body.length !== 1 || statement.type !== "ExpressionStatement") return null;
    if (statement.expression.type !== "FunctionExpression") return null;
    return new Start().names(statement.expression.body.body);
  } catch {
    // its problem is told by the engine that runs it
    return null;
  }
}

/** Syntax with which a failure could be hidden, or code made, or state kept where nothing can be frozen. */
const REFUSED = new Set([
  ...["TryStatement", "AwaitExpression", "ImportExpression", "WithStatement", "MetaProperty", "StaticBlock"],
  ...["ImportDeclaration", "ExportNamedDeclaration", "ExportDefaultDeclaration"],
]);
const REFUSED_NAMES = new Set(["arguments", "eval", "require", "globalThis", "Promise", "Reflect"]);

type Kind = "primitive" | "object";
type Parent = { readonly node: AnyNode; readonly key: string; readonly isBody: boolean } | null;
interface Place {
  readonly inClass: boolean;
  readonly inFunction: boolean;
}

class Start {
  private readonly kinds = new Map<string, Kind>([
    ["module", "object"],
    ["exports", "object"],
  ]);
  private accessors = false;

  names(body: readonly AnyNode[]): string[] | null {
    const declared = new Set(["module", "exports", "require"]);
    for (const node of body) collectNames(node, declared);
    const at = { inClass: false, inFunction: false };
    for (const node of body) if (!this.allowed(node, null, declared, at)) return null;
    // hoisted: functions are there before the first statement
    for (const node of body) if (node.type === "FunctionDeclaration") this.kinds.set(node.id?.name ?? "", "object");
    for (const node of body) if (!this.runs(node)) return null;
    return [...declared].filter((name) => name !== "require");
  }

  /** Every node, wherever it stands. */
  private allowed(node: AnyNode, parent: Parent, declared: ReadonlySet<string>, at: Place): boolean {
    if (REFUSED.has(node.type) || (at.inFunction && assigns(node, declared))) return false;
    switch (node.type) {
      case "Identifier":
        if (REFUSED_NAMES.has(node.name) && !isPropertyName(parent)) return false;
        break;
      case "ThisExpression":
        if (at.inClass) break;
        if (parent?.node.type !== "MemberExpression" || parent.key !== "object" || parent.node.optional) return false;
        break;
      case "FunctionDeclaration":
        // in other blocks than a function's own strict mode moves it
        if (node.async || !(parent === null || parent.isBody)) return false;
        break;
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        if (node.async) return false;
        break;
      case "ForOfStatement":
        if (node.await) return false;
        break;
      case "Property":
      case "MethodDefinition":
        if (node.kind === "get" || node.kind === "set") this.accessors = true;
        break;
      case "ClassDeclaration":
      case "ClassExpression": {
        // private members are written even on a frozen object
        const secret = node.body.body.filter((m) => "key" in m && m.key.type === "PrivateIdentifier");
        if (secret.length > 0 && (node.superClass != null || secret.some((m) => "static" in m && m.static)))
          return false;
        break;
      }
    }
    const inner = {
      inClass: at.inClass || node.type === "ClassBody",
      inFunction: at.inFunction || isFunction(node),
    };
    const isBody = node.type === "BlockStatement" && parent !== null && isFunction(parent.node);
    for (const [key, child] of childrenOf(node))
      if (!this.allowed(child, { node, key, isBody }, declared, inner)) return false;
    return true;
  }

  /** A statement that runs at the start: does it make nothing but what is known, and call nothing? */
  private runs(node: AnyNode): boolean {
    switch (node.type) {
      case "EmptyStatement":
      case "FunctionDeclaration":
        return true;
      case "ClassDeclaration":
        this.kinds.set(node.id?.name ?? "", "object");
        return this.kindOf(node) !== null;
      case "BlockStatement":
        return node.body.every((inner) => this.runs(inner));
      case "IfStatement":
        return (
          this.kindOf(node.test) !== null &&
          this.runs(node.consequent) &&
          (node.alternate == null || this.runs(node.alternate))
        );
      case "VariableDeclaration":
        return node.declarations.every(({ id, init }) => {
          if (id.type !== "Identifier") return false;
          const kind = init == null ? "primitive" : this.kindOf(init);
          // a second declaration of another kind makes it the one that can do more
          if (kind !== null) this.kinds.set(id.name, this.kinds.get(id.name) === "object" ? "object" : kind);
          return kind !== null;
        });
      case "ExpressionStatement":
        if (node.expression.type === "Literal") return true;
        return node.expression.type === "AssignmentExpression" && this.kindOf(node.expression) !== null;
      default:
        return false;
    }
  }

  /** What an expression gives that runs at the start; null = it may run code of the script, or make what cannot be frozen. */
  private kindOf(node: Expression | Super | PrivateIdentifier | Pattern | AnyNode): Kind | null {
    switch (node.type) {
      case "Literal":
        return "regex" in node && node.regex != null ? "object" : "primitive";
      case "Identifier":
        return /^(undefined|NaN|Infinity)$/.test(node.name) ? "primitive" : (this.kinds.get(node.name) ?? null);
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        return "object";
      case "ClassDeclaration":
      case "ClassExpression": {
        if (node.superClass != null && this.kindOf(node.superClass) === null) return null;
        const plain = node.body.body.every(
          (m) =>
            "key" in m &&
            !m.computed &&
            !(m.type === "PropertyDefinition" && m.static && m.value != null && this.kindOf(m.value) === null),
        );
        return plain ? "object" : null;
      }
      case "TemplateLiteral":
        return node.expressions.every((e) => this.kindOf(e) === "primitive") ? "primitive" : null;
      case "UnaryExpression":
        if (node.operator === "typeof" && node.argument.type === "Identifier") return "primitive";
        return node.operator !== "delete" && this.kindOf(node.argument) === "primitive" ? "primitive" : null;
      case "BinaryExpression": {
        const kinds = [this.kindOf(node.left), this.kindOf(node.right)];
        if (/^[!=]==$/.test(node.operator)) return kinds.includes(null) ? null : "primitive";
        return kinds.every((kind) => kind === "primitive") ? "primitive" : null;
      }
      case "LogicalExpression":
        return joined(this.kindOf(node.left), this.kindOf(node.right));
      case "ConditionalExpression":
        return this.kindOf(node.test) === null
          ? null
          : joined(this.kindOf(node.consequent), this.kindOf(node.alternate));
      case "ArrayExpression":
        return node.elements.every((e) => e === null || (e.type !== "SpreadElement" && this.kindOf(e) !== null))
          ? "object"
          : null;
      case "ObjectExpression":
        return node.properties.every(
          (p) =>
            p.type === "Property" &&
            (!p.computed || this.kindOf(p.key) === "primitive") &&
            (p.kind !== "init" || this.kindOf(p.value) !== null),
        )
          ? "object"
          : null;
      case "MemberExpression":
        return this.member(node) ? "object" : null;
      case "AssignmentExpression": {
        if (node.operator !== "=") return null;
        const { left } = node;
        const kind = this.kindOf(node.right);
        if (kind === null) return null;
        if (left.type === "MemberExpression") return this.member(left) ? kind : null;
        if (left.type !== "Identifier" || !this.kinds.has(left.name)) return null;
        if (kind === "object") this.kinds.set(left.name, "object");
        return kind;
      }
      case "CallExpression": {
        // Object.freeze(literal): the one call that is common at a start
        const { callee, arguments: args } = node;
        const freeze =
          callee.type === "MemberExpression" &&
          !callee.computed &&
          callee.object.type === "Identifier" &&
          callee.object.name === "Object" &&
          !this.kinds.has("Object") &&
          callee.property.type === "Identifier" &&
          callee.property.name === "freeze";
        return freeze && args.length === 1 && args[0].type !== "SpreadElement" && this.kindOf(args[0]) !== null
          ? "object"
          : null;
      }
      default:
        return null;
    }
  }

  /** `a.b`, `a["b"]` of something known, where no getter or setter of the script can run. */
  private member(node: Extract<AnyNode, { type: "MemberExpression" }>): boolean {
    if (this.accessors || this.kindOf(node.object) === null) return false;
    const { property } = node;
    if (node.computed)
      return property.type === "Literal" && !LEADS_TO_BUILT_INS.test(String(property.value)) && property.value !== null;
    return property.type === "Identifier" && !LEADS_TO_BUILT_INS.test(property.name);
  }
}

const LEADS_TO_BUILT_INS = /^(constructor|__proto__|__define[GS]etter__)$/;

function joined(a: Kind | null, b: Kind | null): Kind | null {
  return a === null || b === null ? null : a === "object" || b === "object" ? "object" : "primitive";
}

function isFunction(node: AnyNode): boolean {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|PropertyDefinition)$/.test(node.type);
}

function isPropertyName(parent: Parent): boolean {
  if (parent === null) return false;
  const { node, key } = parent;
  if (node.type === "MemberExpression") return key === "property" && !node.computed;
  return key === "key" && "computed" in node && !node.computed && !("shorthand" in node && node.shorthand);
}

/** An assignment to one of the names, by name alone: one that a function declares for itself counts too. */
function assigns(node: AnyNode, names: ReadonlySet<string>): boolean {
  const written = new Set<string>();
  if (node.type === "AssignmentExpression") patternNames(node.left, written);
  else if (node.type === "UpdateExpression") patternNames(node.argument, written);
  else if (node.type === "ForInStatement" || node.type === "ForOfStatement") patternNames(node.left, written);
  for (const name of written) if (names.has(name)) return true;
  return false;
}

function patternNames(node: AnyNode, into: Set<string>): void {
  if (node.type === "Identifier") into.add(node.name);
  else if (node.type === "RestElement") patternNames(node.argument, into);
  else if (node.type === "AssignmentPattern") patternNames(node.left, into);
  else if (node.type === "ArrayPattern") for (const e of node.elements) if (e !== null) patternNames(e, into);
  if (node.type !== "ObjectPattern") return;
  for (const p of node.properties) patternNames(p.type === "Property" ? p.value : p.argument, into);
}

/** Names that a statement of the top level declares, blocks in it included. */
function collectNames(node: AnyNode, into: Set<string>): void {
  if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") into.add(node.id?.name ?? "");
  else if (node.type === "VariableDeclarator") patternNames(node.id, into);
  if (isFunction(node) || /^Class/.test(node.type)) return;
  for (const [, child] of childrenOf(node)) collectNames(child, into);
}

function* childrenOf(node: AnyNode): Generator<[string, AnyNode]> {
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    if (Array.isArray(value)) {
      for (const one of value as unknown[]) if (isNode(one)) yield [key, one];
    } else if (isNode(value)) yield [key, value];
  }
}

function isNode(x: unknown): x is AnyNode {
  return typeof x === "object" && x !== null && typeof (x as Partial<Node>).type === "string";
}
