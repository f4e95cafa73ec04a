import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explanationHtml, onlyFormatting } from '../src/actions/explanationHtml';

test('formatting stays as it is', () => {
  const html =
    '<p>It <strong>adds</strong> &lt;all&gt;:</p>\n<pre><code class="hljs language-rust">vec![<span class="hljs-number">1</span>]</code></pre><hr>';
  assert.equal(onlyFormatting(html), html);
  assert.equal(
    onlyFormatting('<p data-line="3" dir="auto" class="code-line">a</p>'),
    '<p class="code-line">a</p>',
  );
});

test('nothing is loaded, run or followed, however it is written', () => {
  const attempts = [
    '<img src="https://example.org/?code=secret">',
    '<IMG SRC=//example.org/a>',
    '<p><a href="https://example.org">here</a></p>',
    '<p onclick="steal()" style="background: url(https://example.org)">a</p>',
    '<p title=">" onclick="steal()">a</p>',
    '<script>fetch("https://example.org")</script>',
    '<meta http-equiv="refresh" content="0; url=https://example.org">',
    '<svg/onload=steal()>',
    '<<img src=x>img src=x>',
    '<im<b>g src=x>',
    '<!-- <img src=x> -->',
    '<p class="a" src="x"><iframe src=x',
    '</p onclick=x><form action=x><input autofocus onfocus=x>',
  ];
  for (const attempt of attempts) {
    const left = onlyFormatting(attempt);
    const tags = left.match(/<[^>]*>?/g) ?? [];
    for (const tag of tags) assert.match(tag, /^<(\/?p|p class="[\w\s-]*")>$/, `${attempt} -> ${left}`);
  }
});

test('the page names what it explains, and may do nothing', () => {
  const page = explanationHtml('Explain a<b', '<p>It compares.</p>', 'abc');
  assert.ok(page.includes('<h1>Explain a&lt;b</h1>\n<p>It compares.</p>'));
  assert.ok(page.includes("default-src 'none'"));
  assert.ok(!page.includes('<script'));
});
