import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expectedSpeed, humanBytes, modelChoices, type Machine, type Model } from '../src/modelChoices';

const machine: Machine = {
  memory: { total: 8e9 },
  model: { name: 'small', bytes: 500e6 },
  speed: {
    measured: true,
    passes: [
      [2, 60],
      [1, 40],
    ],
  },
};

function model(name: string, bytes: number | null, path: string | null = null): Model {
  return { name, bytes, license: 'Apache-2.0', tuning: 'instruct', default: name === 'small', path };
}

test('what is here comes first, then what fits, from small to large', () => {
  const models = [
    model('huge', 20e9),
    model('large', 5e9),
    model('middle', 1e9),
    model('small', 500e6, '/small'),
    model('unknown', null),
  ];
  const choices = modelChoices(models, machine);
  assert.deepEqual(
    choices.map((choice) => [choice.name, choice.here, choice.fits]),
    [
      ['small', true, true],
      ['middle', false, true],
      ['large', false, true],
      ['huge', false, false],
    ],
  );
  assert.equal(choices[0]?.facts, '500 MB · about 25 tokens/s · instruct · Apache-2.0');
  assert.equal(choices[2]?.facts, '5.0 GB · about 2.5 tokens/s · instruct · Apache-2.0');
  assert.equal(
    choices[3]?.facts,
    '20.0 GB · needs more memory than this machine has · instruct · Apache-2.0',
  );
});

test('without measurements there are no speeds', () => {
  assert.equal(expectedSpeed(1e9, { ...machine, speed: null }), undefined);
  assert.equal(
    modelChoices([model('a', 491_400_064)], undefined)[0]?.facts,
    '492 MB · instruct · Apache-2.0',
  );
  assert.equal(humanBytes(1_117_320_768), '1.1 GB');
});
