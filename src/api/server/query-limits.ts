/**
 * What an operation may cost, checked before it runs: depth, aliases, and how many fields the answer can have. A page
 * counts as often as its size says.
 */
import {
  GraphQLError,
  Kind,
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import { DEFAULT_PAGE, MAX_PAGE } from '../shared/connection.js';

/** Deeper than any screen nests; introspection is exempt. */
const MAX_DEPTH = 12;
/** Aliases let one text ask for the same field many times over. */
const MAX_ALIASES = 60;
/** Fields in the answer at most: a page of 100 with 30 fields each, nested once more by 10, still fits. */
const MAX_FIELDS = 50_000;
/** Lexical tokens, before anything else is looked at: about 60 kB of text. */
export const MAX_TOKENS = 10_000;

interface Cost {
  readonly fields: number;
  readonly depth: number;
  readonly aliases: number;
}

const NOTHING: Cost = { fields: 0, depth: 0, aliases: 0 };

export const queryLimits: ValidationRule = (context: ValidationContext): ASTVisitor => {
  // Fragments are measured once each, so that nesting them doubles the figure and not the work.
  const fragments = new Map<string, Cost>();

  const ofSelections = (selections: readonly SelectionNode[]): Cost =>
    selections.map(ofSelection).reduce(
      (sum, cost) => ({
        fields: sum.fields + cost.fields,
        depth: Math.max(sum.depth, cost.depth),
        aliases: sum.aliases + cost.aliases,
      }),
      NOTHING,
    );

  const ofSelection = (selection: SelectionNode): Cost => {
    if (selection.kind === Kind.FIELD) return ofField(selection);
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSelections(selection.selectionSet.selections);
    return ofFragment(selection.name.value, context.getFragment(selection.name.value));
  };

  const ofField = (field: FieldNode): Cost => {
    if (field.name.value.startsWith('__')) return NOTHING;
    const inner = field.selectionSet ? ofSelections(field.selectionSet.selections) : NOTHING;
    return {
      fields: 1 + pageSize(field) * inner.fields,
      depth: 1 + inner.depth,
      aliases: (field.alias ? 1 : 0) + inner.aliases,
    };
  };

  const ofFragment = (name: string, fragment: FragmentDefinitionNode | null | undefined): Cost => {
    const known = fragments.get(name);
    if (known || !fragment) return known ?? NOTHING;
    // A fragment within itself is refused by another rule; here it must only not go round for ever.
    fragments.set(name, NOTHING);
    const cost = ofSelections(fragment.selectionSet.selections);
    fragments.set(name, cost);
    return cost;
  };

  return {
    OperationDefinition(operation: OperationDefinitionNode): void {
      const cost = ofSelections(operation.selectionSet.selections);
      for (const message of excesses(cost)) {
        context.reportError(new GraphQLError(message, { nodes: operation }));
      }
    },
  };
};

function excesses({ fields, depth, aliases }: Cost): string[] {
  return [
    depth > MAX_DEPTH ? `The operation is nested ${depth} deep; at most ${MAX_DEPTH} is allowed.` : '',
    aliases > MAX_ALIASES ? `The operation has ${aliases} aliases; at most ${MAX_ALIASES} are allowed.` : '',
    fields > MAX_FIELDS
      ? `The answer could have ${fields} fields; at most ${MAX_FIELDS} are allowed. Ask for fewer fields or smaller pages (first: …).`
      : '',
  ].filter((message) => message !== '');
}

/** How often the selections below a field count. */
function pageSize(field: FieldNode): number {
  const size = field.arguments?.find(({ name }) => name.value === 'first' || name.value === 'last')?.value;
  if (size?.kind === Kind.INT) return Math.min(Math.max(Number(size.value), 1), MAX_PAGE);
  // It may be the largest.
  if (size?.kind === Kind.VARIABLE) return MAX_PAGE;
  // A connection without a size is one default page: known by what only connections have.
  const isConnection = field.selectionSet?.selections.some(
    (selection) =>
      selection.kind === Kind.FIELD && (selection.name.value === 'edges' || selection.name.value === 'nodes'),
  );
  return isConnection ? DEFAULT_PAGE : 1;
}
