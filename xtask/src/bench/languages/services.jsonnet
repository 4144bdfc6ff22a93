local Port = {
  published: error 'a port is published',
  target: error 'a port has a target',
  assert self.published > 0 && self.published < 65536 : 'a published port is between 1 and 65535',
  assert self.target > 0 && self.target < 65536 : 'a target port is between 1 and 65535',
};

local Limits = {
  memory: error 'a limit has memory',
  cpu: error 'a limit has a processor',
  assert self.cpu > 0 : 'a limit leaves some processor',
};

local Health = {
  shell: error 'health is asked by a command',
  every: '30s',
  retries: 3,
  assert self.retries > 0 : 'health is judged by one try at least',
};

local Service = {
  image: error 'a service has an image',
  replicas: 1,
  env: {},
  publish: [],
  networks: [],
  limits: null,
  health: null,
  labels: {},
  assert self.replicas >= 0 : 'there are no fewer services than none',
  assert std.length(std.findSubstr(':', self.image)) > 0 : 'an image has a tag',
};

{
  services: {
@
    'svc-<n>': Service {
      image: 'registry.example.com/team/svc-<n>:1.<minor>.0',
      replicas: <replicas>,
      env: { LOG: 'info', PORT: '<port>', DATABASE_URL: 'postgres://db-<db>/app<n>' },
      publish: [Port { published: <published>, target: 8080 }],
      networks: ['back'],
      limits: Limits { memory: '256MiB', cpu: 0.5 },
      health: Health { shell: 'curl -fsS http://localhost:8080/health', every: '10s', retries: 3 },
      labels: { team: 't<team>', tier: 'backend' },
    },
@
  },
}
