// docs/self-hosting/compose.yaml and Dockerfile as far as no container runs: every file that they name is there, parts share what they are
// said to share, and none runs with more than it needs. `npm run try-containers` builds and starts the image.

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const FOLDER = resolve(import.meta.dirname, '../../docs/self-hosting');
const file = (name: string) => readFileSync(join(FOLDER, name), 'utf8');

interface Service {
  build?: { context: string; dockerfile: string };
  network_mode?: string;
  volumes?: string[];
  secrets?: string[];
  ports?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  command?: string[];
}

const compose = parse(file('compose.yaml')) as {
  services: Record<string, Service>;
  volumes: Record<string, null>;
  secrets: Record<string, { file: string }>;
};
const services = Object.entries(compose.services);

/** Made by the person who installs it. */
const OWN = ['./tls'];

describe.each(services)('%s', (_, service) => {
  it('has a read-only root, no capability but those named, and no new privileges', () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
  });

  it('mounts files that are there, and volumes and secrets that are declared', () => {
    for (const volume of service.volumes ?? []) {
      const [from = ''] = volume.split(':');
      if (!from.startsWith('.')) expect(Object.keys(compose.volumes)).toContain(from);
      else if (!OWN.includes(from)) expect(existsSync(join(FOLDER, from)), from).toBe(true);
    }
    for (const secret of service.secrets ?? [])
      expect(existsSync(join(FOLDER, compose.secrets[secret]?.file ?? ''))).toBe(true);
    if (service.build !== undefined) {
      expect(existsSync(join(FOLDER, service.build.context, service.build.dockerfile))).toBe(true);
    }
  });
});

it('only the part that holds the network has ports, and they are nginx’s', () => {
  expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['network']);
  for (const [name, { network_mode }] of services) {
    if (name !== 'network') expect(network_mode).toBe('service:network');
  }
  const listens = [...file('nginx.conf').matchAll(/^ *listen (\d+)/gm)].map(([, port]) => `${port}:${port}`);
  expect(new Set(compose.services['network']?.ports)).toEqual(new Set(listens));
});

it('nginx finds its certificate and its cache where they are mounted', () => {
  const nginx = file('nginx.conf');
  const mounted = (compose.services['nginx']?.volumes ?? []).map((volume) => volume.split(':')[1] ?? '');
  expect(mounted.some((path) => nginx.includes(`ssl_certificate ${path}/`))).toBe(true);
  expect(nginx).toContain('proxy_cache_path /var/lib/nginx/');
});

it('the settings that come with it are those of as many gateways as nginx spreads over', () => {
  const processes = /^PROCESSES=(\d+)$/m.exec(file('fairgate.env'))?.[1];
  expect(file('nginx.conf').match(/^ {2}server 127\.0\.0\.1:\d+ max_fails=0;$/gm)?.length).toBe(Number(processes));
});

it('the image runs as a user of its own, keeps its rooms in a volume, and says how it is', () => {
  const dockerfile = file('Dockerfile');
  expect(dockerfile).toMatch(/^USER 10001:10001$/m);
  expect(dockerfile).toMatch(/^VOLUME \/data$/m);
  expect(dockerfile).toMatch(/^HEALTHCHECK .*--health"\]$/m);
  expect(dockerfile).not.toMatch(/^(?:ADD|RUN .*(?:curl|apt))/m);
});
