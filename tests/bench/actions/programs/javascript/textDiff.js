'use strict';
// The difference of two texts, line by line.

/** Lengths of the longest common subsequences of all heads of both lists. */
function commonLengths(before, after) {
  const table = Array.from({ length: before.length + 1 }, () => new Array(after.length + 1).fill(0));
  for (let i = 1; i <= before.length; i++) {
    for (let j = 1; j <= after.length; j++) {
      if (before[i - 1] === after[j - 1]) {
        table[i][j] = table[i - 1][j - 1] + 1;
      } else {
        table[i][j] = Math.max(table[i - 1][j], table[i][j - 1]);
      }
    }
  }
  return table;
}

/** What to keep, remove and add, in order. */
function diffLines(before, after) {
  const table = commonLengths(before, after);
  const changes = [];
  let i = before.length;
  let j = after.length;
  while (i > 0 || j > 0) {
    if (i > 0 && j > 0 && before[i - 1] === after[j - 1]) {
      changes.push({ kind: 'keep', line: before[i - 1] });
      i -= 1;
      j -= 1;
    } else if (j > 0 && (i === 0 || table[i][j - 1] >= table[i - 1][j])) {
      changes.push({ kind: 'add', line: after[j - 1] });
      j -= 1;
    } else {
      changes.push({ kind: 'remove', line: before[i - 1] });
      i -= 1;
    }
  }
  return changes.reverse();
}

function format(changes) {
  const signs = { keep: ' ', add: '+', remove: '-' };
  return changes.map(({ kind, line }) => signs[kind] + line).join('\n');
}

function count(changes, kind) {
  return changes.filter((change) => change.kind === kind).length;
}

/** How alike two texts are, from 0 to 1. */
function similarity(beforeText, afterText) {
  const before = beforeText.split('\n');
  const after = afterText.split('\n');
  const kept = count(diffLines(before, after), 'keep');
  return (2 * kept) / (before.length + after.length);
}

function applyChanges(lines, changes) {
  const result = [];
  let index = 0;
  for (const { kind, line } of changes) {
    if (kind !== 'add' && lines[index] !== line) {
      throw new Error(`line ${index + 1} is not "${line}"`);
    }
    if (kind !== 'remove') result.push(line);
    if (kind !== 'add') index += 1;
  }
  return result;
}

module.exports = { commonLengths, diffLines, format, similarity, applyChanges };
