/**
 * Errors of the YAML syntax in an admin's words. By the parser's code, not its message: some of those quote the file, which
 * may hold a secret, and some advise a programmer ("please use YAML.parseAllDocuments()").
 */
import type { ErrorCode } from 'yaml'
import { Problem } from './problem.ts'

const SYNTAX: Readonly<Record<ErrorCode, readonly [message: string, hint?: string]>> = {
  ALIAS_PROPS: ['an alias (*name) cannot have an anchor or a tag'],
  BAD_ALIAS: [
    'an alias (*name) or anchor (&name) is not valid here',
    'put the text in quotes if none is meant',
  ],
  BAD_COLLECTION_TYPE: ['a tag (!name) does not fit what follows it', 'remove the tag'],
  BAD_DIRECTIVE: ['a directive (%) is not understood', 'remove the line'],
  BAD_DQ_ESCAPE: ['a backslash in double quotes starts no known escape', 'write \\\\ or use single quotes'],
  BAD_INDENT: ['the indentation is wrong', 'align it with its neighbours, with two spaces a level'],
  BAD_PROP_ORDER: ['an anchor or tag stands in the wrong place', 'put it directly before its value'],
  BAD_SCALAR_START: ['text cannot start with this character', 'put it in quotes'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second "key: value" starts on the same line',
    'put it on its own line, or in quotes',
  ],
  BLOCK_IN_FLOW: ['an indented block cannot stand inside [ ] or { }'],
  DUPLICATE_KEY: ['the same key stands twice in this mapping', 'remove one of them'],
  IMPOSSIBLE: ['this cannot be read as YAML'],
  KEY_OVER_1024_CHARS: ['a key is longer than 1024 characters', 'check for a missing quote or colon'],
  MISSING_CHAR: ['a character is missing: a closing quote or bracket, or the colon after a key'],
  MULTILINE_IMPLICIT_KEY: ['a key goes over more than one line', 'check for a missing colon or quote'],
  MULTIPLE_ANCHORS: ['a value can have one anchor (&name) only'],
  MULTIPLE_DOCS: ['the file holds more than one YAML document', 'remove the "---" and what does not belong'],
  MULTIPLE_TAGS: ['a value can have one tag (!name) only'],
  NON_STRING_KEY: ['a key must be text', 'put it in quotes'],
  RESOURCE_EXHAUSTION: [
    'the file is nested too deeply',
    'nothing in a config needs that: check the brackets',
  ],
  TAB_AS_INDENT: ['a tab cannot be used for indentation', 'use two spaces'],
  TAG_RESOLVE_FAILED: ['a tag (!name) is not known', 'remove it; put text that starts with "!" in quotes'],
  UNEXPECTED_TOKEN: ['this does not belong here', 'check the quotes, brackets and indentation before it'],
}

/** What to tell of a syntax error of this code. */
export function syntaxProblem(code: ErrorCode): Problem {
  return new Problem(...SYNTAX[code])
}
