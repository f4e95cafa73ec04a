import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findServer, type Surroundings } from '../src/serverProgram';

function around(programs: string[], change: Partial<Surroundings> = {}): Surroundings {
  return {
    setting: '',
    extension: '/ext',
    path: '/usr/bin::/opt/bin',
    home: '/home/me',
    workspace: [],
    windows: false,
    isProgram: (file) => programs.includes(file),
    real: (file) => file,
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

test('a program that a repository brought along is none', () => {
  const missing = (change: Partial<Surroundings>) =>
    'missing' in
    findServer(
      around(['./tacit', 'tacit', 'bin/tacit', '/repo/tacit', '/repo/bin/tacit', '/link/tacit'], change),
    );
  const workspace = ['/other', '/repo'];
  for (const path of ['', '.', './bin', 'bin', ':', '.:bin']) assert.ok(missing({ path }), path);
  for (const path of ['/repo', '/repo/', '/repo/bin', '/other/../repo/bin'])
    assert.ok(missing({ path, workspace }), path);
  assert.ok(missing({ path: '/link', workspace, real: (file) => file.replace(/^\/link/, '/repo') }));
  assert.ok(missing({ setting: './tacit' }));
  assert.ok(missing({ setting: 'tacit' }));
  // A neighbour of the workspace is none of it, and a home folder that is open is the user's own.
  const found = (programs: string[], change: Partial<Surroundings>) =>
    'program' in findServer(around(programs, change));
  assert.ok(found(['/repository/tacit'], { path: '/repository', workspace }));
  assert.ok(found(['/home/me/bin/tacit'], { path: '/home/me/bin', workspace: ['/home/me'] }));
  const windows = { windows: true, extension: 'C:\\ext', home: 'C:\\me', workspace: ['C:\\repo'] };
  for (const path of ['C:\\repo\\bin', '.', '', 'c:\\REPO']) {
    assert.ok(!found([`${path}\\tacit.exe`, 'tacit.exe'], { ...windows, path }), path);
  }
});

test('where there is none, a sentence says what to do', () => {
  const named = findServer(around(['/opt/bin/tacit'], { setting: '/gone' }));
  assert.match('missing' in named ? named.missing : '', /tacit\.server\.path names \/gone/);
  const none = findServer(around([]));
  assert.match('missing' in none ? none.missing : '', /make install/);
});
