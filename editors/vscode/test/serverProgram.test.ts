import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findServer, type Surroundings } from '../src/serverProgram';

function around(programs: string[], change: Partial<Surroundings> = {}): Surroundings {
  return {
    setting: '',
    extension: '/ext',
    path: '/usr/bin::/opt/bin',
    home: '/home/me',
    windows: false,
    isProgram: (file) => programs.includes(file),
    ...change,
  };
}

test('the setting goes before the bundled server, and that before PATH', () => {
  const all = ['/mine/tacit', '/home/me/tacit', '/ext/server/bin/tacit', '/opt/bin/tacit'];
  const found = (change: Partial<Surroundings>, programs = all) => findServer(around(programs, change));
  assert.deepEqual(found({ setting: '/mine/tacit' }), { program: '/mine/tacit', from: 'setting' });
  assert.deepEqual(found({ setting: '~/tacit ' }), { program: '/home/me/tacit', from: 'setting' });
  assert.deepEqual(found({}), { program: '/ext/server/bin/tacit', from: 'extension' });
  assert.deepEqual(found({}, ['/opt/bin/tacit']), { program: '/opt/bin/tacit', from: 'PATH' });
});

test('on Windows it is a .exe, and PATH has semicolons', () => {
  const change = { windows: true, extension: 'C:\\ext', path: 'C:\\a;C:\\b' };
  assert.deepEqual(findServer(around(['C:\\b\\tacit.exe'], change)), {
    program: 'C:\\b\\tacit.exe',
    from: 'PATH',
  });
});

test('where there is none, a sentence says what to do', () => {
  const named = findServer(around(['/opt/bin/tacit'], { setting: '/gone' }));
  assert.match('missing' in named ? named.missing : '', /tacit\.server\.path names \/gone/);
  const none = findServer(around([]));
  assert.match('missing' in none ? none.missing : '', /make install/);
});
