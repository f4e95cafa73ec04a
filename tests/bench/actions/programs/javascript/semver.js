'use strict';
// Versions as semver.org describes them, and ranges of them.

const VERSION = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?$/;

function parse(text) {
  const match = VERSION.exec(text);
  if (!match) {
    return null;
  }
  const [, major, minor, patch, prerelease] = match;
  return {
    numbers: [major, minor, patch].map(Number),
    prerelease: prerelease ? prerelease.split('.') : [],
  };
}

function comparePart(left, right) {
  const numeric = [left, right].map((part) => /^\d+$/.test(part));
  if (numeric[0] && numeric[1]) return Number(left) - Number(right);
  if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Negative, zero or positive, as for Array.sort. */
function compare(leftText, rightText) {
  const left = parse(leftText);
  const right = parse(rightText);
  for (let index = 0; index < 3; index++) {
    const difference = left.numbers[index] - right.numbers[index];
    if (difference !== 0) return difference;
  }
  if (left.prerelease.length === 0) return right.prerelease.length === 0 ? 0 : 1;
  if (right.prerelease.length === 0) return -1;
  const length = Math.min(left.prerelease.length, right.prerelease.length);
  for (let index = 0; index < length; index++) {
    const difference = comparePart(left.prerelease[index], right.prerelease[index]);
    if (difference !== 0) return difference;
  }
  return left.prerelease.length - right.prerelease.length;
}

/** Whether a version is in a range like "^1.2.3", "~1.2.3", ">=2.0.0" or "1.0.0". */
function satisfies(version, range) {
  const [, operator, wanted] = /^(\^|~|>=|<)?(.+)$/.exec(range);
  const order = compare(version, wanted);
  const numbers = parse(version).numbers;
  const wantedNumbers = parse(wanted).numbers;
  switch (operator) {
    case '^':
      return order >= 0 && numbers[0] === wantedNumbers[0];
    case '~':
      return order >= 0 && numbers[0] === wantedNumbers[0] && numbers[1] === wantedNumbers[1];
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    default:
      return order === 0;
  }
}

/** The newest version in the range; null where there is none. */
function newest(versions, range) {
  const fitting = versions.filter((version) => satisfies(version, range));
  return fitting.sort(compare).pop() ?? null;
}

module.exports = { parse, compare, satisfies, newest };
