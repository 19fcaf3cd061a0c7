import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolSettings } from '../testing/settings.ts';

const problem = (yaml: string): string => {
  try {
    poolSettings(yaml);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

test('settings of discovery that cannot work are told where they stand', () => {
  assert.equal(
    problem('discovery: { dns: app.example }'),
    'balancer:4:25: balancer.pools.app.discovery.dns is "app.example", wanted host:port, such as app.example:8080',
  );
  assert.match(problem('discovery: { dns: "unix:/x" }'), /wanted host:port/);
  assert.match(problem('discovery: { dns: "a$b:1" }'), /wanted host:port/);
  assert.match(
    problem('discovery: { srv: "_http._tcp .example" }'),
    /wanted the name of a service/,
  );
  assert.match(problem('discovery: { name_servers: [ns.example] }'), /wanted IP addresses/);
  assert.match(problem('health: { statuses: all }'), /wanted statuses such as/);
  assert.match(problem('servers: [{ name: a, address: here }]'), /servers\.a\.address is "here"/);
});

test('those that can are taken', () => {
  for (const yaml of [
    'discovery: { dns: app.example:8080 }',
    "discovery: { dns: '[::1]:8080' }",
    'discovery: { dns: app.example.:80, srv: _http._tcp.app.example. }',
    "discovery: { name_servers: [10.0.0.1, '10.0.0.1:53', '::1', '[::1]:53'] }",
    'servers: [{ name: a, address: unix:/run/a.sock }]',
  ]) {
    assert.equal(problem(yaml), '', yaml);
  }
});
