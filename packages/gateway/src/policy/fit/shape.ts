import { ARGUMENT_MAX_DEPTH, SHAPE_VALUES_MAX } from '../limits.ts';

/**
 * What a JSON Schema says of a value, as far as a policy can make use of it. `open` is what may be anything: no schema,
 * several alternatives, and numbers, which Cedar knows as longs, decimals or neither (numbers.ts).
 */
export type Shape =
  | { readonly is: 'bool' | 'long' | 'open' | 'text' }
  | { readonly is: 'list'; readonly items: Shape }
  | {
      readonly is: 'record';
      readonly members: ReadonlyMap<string, Member>;
      /** Whether it says that there may be others. That it doesn't forbid them, as most schemas, is not to say so. */
      readonly others: boolean;
    };

export interface Member {
  readonly shape: Shape;
  readonly required: boolean;
}

type Schema = Readonly<Record<string, unknown>>;

interface Reading {
  readonly root: unknown;
  readonly budget: { values: number };
  /** References on the way here: a schema that contains itself is open there. */
  readonly followed: readonly string[];
  readonly depth: number;
}

const OPEN: Shape = { is: 'open' };
/** Keywords that may add members which `properties` doesn't name. */
const ADDING = [
  'anyOf',
  'oneOf',
  'if',
  'then',
  'else',
  'dependentSchemas',
  'patternProperties',
  '$dynamicRef',
  '$recursiveRef',
];

/** Schemas are the same objects from one check to the next, and many policies look at one. */
const remembered = new WeakMap<object, Shape>();

/** Reads a tool's input schema. What isn't understood is open. */
export function shapeOf(schema: unknown): Shape {
  if (!isSchema(schema)) return OPEN;
  const known = remembered.get(schema);
  if (known !== undefined) return known;
  const shape = read(schema, { root: schema, budget: { values: SHAPE_VALUES_MAX }, followed: [], depth: 0 });
  remembered.set(schema, shape);
  return shape;
}

function read(given: unknown, reading: Reading): Shape {
  reading.budget.values -= 1;
  if (!isSchema(given) || reading.budget.values < 0 || reading.depth > ARGUMENT_MAX_DEPTH) return OPEN;
  const { $ref: reference, allOf } = given;
  if (typeof reference === 'string') return readReference(reference, given, reading);
  if (Array.isArray(allOf)) {
    const parts = allOf.map((part) => read(part, deeper(reading)));
    return joined(read({ ...given, allOf: undefined }, deeper(reading)), parts);
  }
  const alternatives = [given.anyOf, given.oneOf].find(Array.isArray);
  if (alternatives !== undefined && given.properties === undefined) {
    return onlyOne(
      alternatives.filter((each) => !isNull(each)),
      reading,
    );
  }
  if (Array.isArray(given.enum)) return ofValues(given.enum);
  if ('const' in given) return ofValues([given.const]);
  switch (typeOf(given)) {
    case 'string':
      return { is: 'text' };
    case 'integer':
      return { is: 'long' };
    case 'boolean':
      return { is: 'bool' };
    case 'array':
      return { is: 'list', items: read(given.items, deeper(reading)) };
    case 'object':
      return readRecord(given, reading);
    default:
      return OPEN;
  }
}

function readRecord(schema: Schema, reading: Reading): Shape {
  const { properties, additionalProperties, required } = schema;
  if (!isSchema(properties)) {
    return additionalProperties === false ? { is: 'record', members: new Map(), others: false } : OPEN;
  }
  const needed: unknown[] = Array.isArray(required) ? required : [];
  const members = Object.entries(properties).map(([name, member]): [string, Member] => [
    name,
    { shape: read(member, deeper(reading)), required: needed.includes(name) },
  ]);
  const others =
    (additionalProperties ?? false) !== false || ADDING.some((keyword) => schema[keyword] !== undefined);
  return { is: 'record', members: new Map(members), others };
}

/** A place in the schema itself (`#/$defs/amount`); what stands beside the reference is taken with it. */
function readReference(reference: string, schema: Schema, reading: Reading): Shape {
  if (reading.followed.includes(reference) || !/^#(\/|$)/.test(reference)) return OPEN;
  let target: unknown = reading.root;
  for (const part of reference.split('/').slice(1)) {
    const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    target = isSchema(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  }
  const there = read(target, { ...deeper(reading), followed: [...reading.followed, reference] });
  return schema.properties === undefined
    ? there
    : joined(read({ ...schema, $ref: undefined }, deeper(reading)), [there]);
}

/** What a schema and others that hold beside it say: of records all members, else what only one of them says. */
function joined(own: Shape, others: readonly Shape[]): Shape {
  const said = [own, ...others].filter(({ is }) => is !== 'open');
  const records = said.filter((shape) => shape.is === 'record');
  if (records.length === 0 && said.length === 1) return said[0] ?? OPEN;
  if (records.length === 0 || records.length !== said.length) return OPEN;
  // One that could not be read may name more.
  const more = others.some(({ is }) => is === 'open') || records.some((record) => record.others);
  return { is: 'record', members: new Map(records.flatMap(({ members }) => [...members])), others: more };
}

function onlyOne(alternatives: readonly unknown[], reading: Reading): Shape {
  const [only, another] = alternatives;
  return another === undefined ? read(only, deeper(reading)) : OPEN;
}

function ofValues(values: readonly unknown[]): Shape {
  const given = values.filter((value) => value !== null);
  if (given.length === 0) return OPEN;
  if (given.every((value) => typeof value === 'string')) return { is: 'text' };
  if (given.every((value) => typeof value === 'boolean')) return { is: 'bool' };
  return given.every((value) => Number.isSafeInteger(value)) ? { is: 'long' } : OPEN;
}

/** The one type beside null that a schema allows. */
function typeOf({ type, properties }: Schema): string | undefined {
  const types = (Array.isArray(type) ? type : [type]).filter((each) => each !== 'null');
  if (types.length !== 1) return undefined;
  if (types[0] === undefined) return properties === undefined ? undefined : 'object';
  return typeof types[0] === 'string' ? types[0] : undefined;
}

function isNull(schema: unknown): boolean {
  return isSchema(schema) && (schema.type === 'null' || schema.const === null);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deeper(reading: Reading): Reading {
  return { ...reading, depth: reading.depth + 1 };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
