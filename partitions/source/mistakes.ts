// What is wrong with a text as YAML, in our words, and at which character of it.
import { isAlias, isNode, visit } from "yaml";
import type { Document, YAMLError } from "yaml";
import { yamlDirective, yamlSyntax } from "../diagnostics/catalogue.ts";
import type { Problem } from "../diagnostics/diagnostic.ts";

/** Of YAML, and what its directives may say. */
const VERSION = "1.2";

export const TOO_DEEP = yamlSyntax(
  "lists and mappings are in one another too deeply",
  "close each bracket that is open, or put fewer of them in one another",
);

export interface YamlMistake {
  readonly problem: Problem;
  readonly offset: number;
}

export function syntaxMistakes({ directives, errors, warnings }: Document, text: string): YamlMistake[] {
  const { version, explicit } = directives?.yaml ?? {};
  // By another version everything else is read in another way.
  if (explicit === true && version !== VERSION) return [badDirective(text, text.search(/^%YAML/m))];
  // Each bracket that is too deep has an error of its own.
  const deep = errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
  if (deep !== undefined) return [{ problem: TOO_DEEP, offset: deep.pos[0] }];
  // What yaml only warns of, such as a tag that it does not know, it then leaves out.
  return [...errors, ...warnings].map((each) => inOurWords(each, text));
}

function inOurWords({ code, message, pos: [offset] }: YAMLError, text: string): YamlMistake {
  const at = (problem: Problem): YamlMistake => ({ problem, offset });
  switch (code) {
    case "BAD_DIRECTIVE":
      return badDirective(text, text.lastIndexOf("\n", offset) + 1);
    case "MULTIPLE_DOCS":
      return at(yamlSyntax("a second document begins here", "remove one of the two, and the --- between them"));
    case "TAG_RESOLVE_FAILED":
      return at(yamlSyntax(message, "remove the tag: values here need none"));
    default:
      return at(yamlSyntax(message.replace(/\s+/g, " ")));
  }
}

const badDirective = (text: string, offset: number): YamlMistake => ({
  problem: yamlDirective(text.slice(offset).split(/\r?\n/, 1)[0] ?? ""),
  offset,
});

/** Of a document that cannot become values, as an alias (*name) in it has no anchor, or as they all would fill the memory. */
export function aliasMistake(document: Document): YamlMistake {
  const anchors = new Set<string>();
  let first: number | undefined;
  let mistake: YamlMistake | undefined;
  visit(document, (_, node) => {
    if (!isNode(node)) return undefined;
    const offset = node.range?.[0] ?? 0;
    if (!isAlias(node)) {
      if (node.anchor !== undefined) anchors.add(node.anchor);
      return undefined;
    }
    first ??= offset;
    if (anchors.has(node.source)) return undefined;
    const remedy = `write &${node.source} in front of the value that it is to stand for, or write the value itself`;
    mistake = { problem: yamlSyntax(`*${node.source} stands for nothing that was named before`, remedy), offset };
    return visit.BREAK;
  });
  return mistake ?? {
    problem: yamlSyntax("the aliases from here on stand for too much", "write out values in place of some of them"),
    offset: first ?? 0,
  };
}
