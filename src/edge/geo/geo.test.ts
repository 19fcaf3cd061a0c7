import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIp } from '../../core/base/index.ts';
import { createNodeDisk } from '../../core/runtime/node/index.ts';
import { countryCentre, countryCodes } from './country-centres.ts';
import { distanceKm } from './distance.ts';
import { Geo } from './geo.ts';
import { loadGeoFiles } from './load.ts';
import { LocationFile } from './location-file.ts';
import { Recent } from './recent.ts';
import { makeMmdb } from './testing/mmdb.ts';

const at = (text: string): Buffer => parseIp(text)!;
const berlin = { latitude: 52.52, longitude: 13.4 };

const cities = new LocationFile(
  makeMmdb({
    '192.0.2.0/24': {
      country: { iso_code: 'DE' },
      location: { latitude: 52.52, longitude: 13.4 },
    },
    '198.51.100.0/22': { country_code: 'JP' },
    '203.0.113.0/24': { country: 'BR', latitude: '-23.5', longitude: '-46.6', asn: 'AS64500' },
    '2001:db8::/32': { country: { iso_code: 'FR' } },
    '203.0.112.0/24': {
      country: { iso_code: 'Germany' },
      location: { latitude: 91, longitude: 0 },
    },
  }),
);
const systems = new LocationFile(
  makeMmdb({ '192.0.2.128/25': { autonomous_system_number: 64501 } }),
);

test('a city, a country and a system are what the files say, and for how many addresses', () => {
  const geo = new Geo({ places: cities, systems });
  assert.deepEqual(geo.locate(at('192.0.2.129')), {
    ...{ country: 'DE', ...berlin, asn: 64501 },
    ...{ prefixBits: 25, from: 'city' },
  });
  assert.equal(geo.locate(at('192.0.2.1')).asn, undefined);
  assert.deepEqual(geo.locate(at('198.51.101.7')), {
    ...{ country: 'JP', ...countryCentre('JP')!, asn: undefined },
    ...{ prefixBits: 22, from: 'country' },
  });
  const flat = geo.locate(at('203.0.113.5'));
  assert.deepEqual([flat.country, flat.latitude, flat.asn], ['BR', -23.5, 64500]);
  assert.equal(geo.locate(at('2001:db8:1::1')).country, 'FR');
});

test('the answer holds for all addresses of the prefix it names', () => {
  const geo = new Geo({ places: cities, systems });
  const octets = fc.tuple(fc.constantFrom(192, 198, 203), fc.nat(255), fc.nat(255), fc.nat(255));
  fc.assert(
    fc.property(octets, fc.nat(0xffffffff), (address, noise) => {
      const place = geo.locate(Buffer.from(address));
      const value = Buffer.from(address).readUInt32BE();
      const mask = place.prefixBits === 0 ? 0 : (-1 << (32 - place.prefixBits)) >>> 0;
      const other = Buffer.alloc(4);
      other.writeUInt32BE(((value & mask) | (noise & ~mask)) >>> 0);
      assert.deepEqual(geo.locate(other), place);
    }),
  );
});

test('without a file the registry tells the part of the world, and no country', () => {
  const geo = new Geo();
  const near = (text: string): string => {
    const { latitude, longitude, country } = geo.locate(at(text));
    assert.equal(country, undefined);
    return latitude === undefined ? 'nowhere' : `${latitude} ${longitude}`;
  };
  assert.equal(near('193.0.0.1'), '49 14');
  assert.equal(near('8.8.8.8'), '39 -92');
  assert.equal(near('200.160.0.1'), '-17 -58');
  assert.equal(near('41.0.0.1'), '0 25');
  assert.equal(near('2001:200::1'), '25 112');
  assert.equal(near('2a02::1'), '49 14');
  for (const text of ['10.0.0.1', '127.0.0.1', '224.0.0.1', '::1', 'fe80::1']) {
    assert.equal(near(text), 'nowhere', text);
    assert.equal(geo.find(at(text)), undefined);
  }
  assert.equal(geo.locate(at('193.0.0.1')).prefixBits, 8);
  assert.equal(geo.locate(at('2a02::1')).prefixBits, 12);
});

test('what a file says wrongly is not believed', () => {
  const place = new Geo({ places: cities, systems: undefined }).locate(at('203.0.112.1'));
  assert.equal(place.country, undefined);
  assert.equal(place.from, 'registry');
});

test('a file of IPv4 addresses knows nothing of IPv6 ones', () => {
  const old = new LocationFile(makeMmdb({ '32.1.0.0/16': { country_code: 'US' } }, 4));
  assert.equal(old.find(at('32.1.2.3')).country, 'US');
  assert.equal(old.find(at('2001:203::1')).country, undefined);
});

test('a damaged file gives no answer and no exception', () => {
  const whole = makeMmdb({
    '192.0.2.0/24': { country_code: 'DE' },
    '8.0.0.0/8': { country_code: 'US' },
  });
  const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(edits, (changes) => {
      const bytes = Buffer.from(whole);
      for (const [place, octet] of changes) bytes[place] = octet;
      let file: LocationFile;
      try {
        file = new LocationFile(bytes);
      } catch {
        return;
      }
      const place = new Geo({ places: file, systems: undefined }).locate(at('192.0.2.1'));
      assert.match(place.country ?? 'ZZ', /^[A-Z]{2}$/);
    }),
  );
});

test('applied files hold at once', () => {
  const geo = new Geo();
  assert.equal(geo.locate(at('192.0.2.1')).country, undefined);
  const { revision } = geo;
  geo.apply({ places: cities, systems: undefined });
  assert.notEqual(geo.revision, revision);
  assert.equal(geo.locate(at('192.0.2.1')).country, 'DE');
});

test('files are loaded whole, or the operator is told why not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-geo-'));
  try {
    const good = join(folder, 'good.mmdb');
    const bad = join(folder, 'bad.mmdb');
    writeFileSync(good, makeMmdb({ '192.0.2.0/24': { country_code: 'DE' } }));
    writeFileSync(bad, 'no such format');
    const disk = createNodeDisk();
    const load = (placesFile: string) =>
      loadGeoFiles(disk, { placesFile, systemsFile: undefined, networks: [] });
    const loaded = await load(good);
    assert.ok(loaded.kind === 'files');
    assert.equal(new Geo(loaded.files).locate(at('192.0.2.1')).country, 'DE');
    const refused = await load(bad);
    assert.match(refused.kind === 'problem' ? refused.problem : '', /no file of the format/);
    const missing = await load(join(folder, 'none'));
    assert.match(missing.kind === 'problem' ? missing.problem : '', /is missing$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('every country has a middle on the globe', () => {
  assert.equal(countryCodes.length, 250);
  assert.equal(new Set(countryCodes).size, 250);
  for (const code of countryCodes) {
    const { latitude, longitude } = countryCentre(code)!;
    assert.ok(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180, code);
  }
});

test('distances are those of the globe', () => {
  const tokyo = { latitude: 35.68, longitude: 139.69 };
  assert.ok(Math.abs(distanceKm(berlin, tokyo) - 8918) < 20);
  assert.equal(distanceKm(berlin, berlin), 0);
  const west = { latitude: 0, longitude: -179.5 };
  assert.ok(distanceKm(west, { latitude: 0, longitude: 179.5 }) < 112, 'over the date line');
  assert.ok(distanceKm({ latitude: 90, longitude: 0 }, { latitude: -90, longitude: 7 }) > 20_000);
});

test('what is remembered stays within its bound, and what is asked for often stays', () => {
  const recent = new Recent<number, number>(10);
  for (let key = 0; key < 1000; key++) {
    recent.set(key, key);
    assert.equal(recent.get(0), 0);
    assert.ok(recent.size <= 20);
  }
  assert.equal(recent.get(500), undefined);
});

test('without a file of the operator countries come from the table that comes along', async () => {
  const loaded = await loadGeoFiles(createNodeDisk(), {
    ...{ placesFile: undefined, systemsFile: undefined, networks: [] },
  });
  assert.ok(loaded.kind === 'files');
  const geo = new Geo(loaded.files);
  for (const [address, country] of [
    ['133.11.0.1', 'JP'],
    ['200.160.2.3', 'BR'],
    ['2001:4860:4860::8888', 'US'],
  ] as const) {
    assert.deepEqual(
      [geo.locate(at(address)).country, geo.locate(at(address)).from],
      [country, 'country'],
    );
  }
  assert.equal(geo.locate(at('10.0.0.1')).country, undefined);
});
