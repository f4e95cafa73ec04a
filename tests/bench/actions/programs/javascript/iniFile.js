'use strict';
// INI files: sections of keys and values, with comments.
const fs = require('node:fs');
const path = require('node:path');
const os = require('node:os');

class IniError extends Error {
  constructor(line, message) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

/** A value as number, boolean or text. */
function typed(text) {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (text === 'true' || text === 'false') return text === 'true';
  return text.replace(/^"(.*)"$/, '$1');
}

function parse(text) {
  const sections = { '': {} };
  let section = '';
  text.split(/\r?\n/).forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) {
      return;
    }
    if (line.startsWith('[')) {
      if (!line.endsWith(']')) throw new IniError(index + 1, 'the section is not closed');
      section = line.slice(1, -1).trim();
      sections[section] = sections[section] ?? {};
      return;
    }
    const equals = line.indexOf('=');
    if (equals < 1) throw new IniError(index + 1, 'a key and a value were expected');
    const key = line.slice(0, equals).trim();
    sections[section][key] = typed(line.slice(equals + 1).trim());
  });
  return sections;
}

function format(sections) {
  const blocks = [];
  for (const [name, values] of Object.entries(sections)) {
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
    if (name !== '') lines.unshift(`[${name}]`);
    if (lines.length > 0) blocks.push(lines.join('\n'));
  }
  return blocks.join('\n\n') + '\n';
}

/** Reads a file; one that is not there has no sections. */
function read(file) {
  if (!fs.existsSync(file)) return { '': {} };
  return parse(fs.readFileSync(file, 'utf8'));
}

function configPath(program) {
  return path.join(os.homedir(), '.config', program, 'config.ini');
}

module.exports = { parse, format, read, typed, configPath, IniError };
