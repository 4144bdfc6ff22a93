// Starts `skep lsp`, and shows the plans it makes of what is being edited.
'use strict';

const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

const SCHEME = 'skep-plan';

let client;

/** Texts of previews, each under the address of the file it was made for. */
class Plans {
  constructor() {
    this.texts = new Map();
    this.changed = new vscode.EventEmitter();
    this.onDidChange = this.changed.event;
  }

  provideTextDocumentContent(uri) {
    return this.texts.get(uri.toString()) ?? '';
  }

  put(uri, text) {
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
  }
}

function start() {
  const settings = vscode.workspace.getConfiguration('skep');
  client = new LanguageClient(
    'skep',
    'Skep',
    { command: settings.get('path'), args: ['lsp'] },
    {
      documentSelector: [{ scheme: 'file', language: 'kdl' }],
      initializationOptions: { environment: settings.get('environment') },
      synchronize: { configurationSection: 'skep' },
    },
  );
  return client.start();
}

/** Shows what would change; errors are in the list of problems already. */
async function preview(plans, file, address) {
  const answer = await client.sendRequest('skep/planPreview', {
    textDocument: { uri: file.toString() },
    address,
  });
  if (answer.diagnostics.length > 0) {
    const first = answer.diagnostics[0].diagnostic.message.split('\n')[0];
    vscode.window.showWarningMessage(`There is no plan: ${first}`);
    return;
  }
  const name = address ? `plan of ${address}.md` : 'plan.md';
  const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}`, query: file.toString() });
  plans.put(uri, answer.markdown);
  await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
}

async function showReferences(uri, position) {
  const file = vscode.Uri.parse(uri);
  const at = new vscode.Position(position.line, position.character);
  const found = await vscode.commands.executeCommand('vscode.executeReferenceProvider', file, at);
  await vscode.commands.executeCommand('editor.action.showReferences', file, at, found ?? []);
}

exports.activate = async (context) => {
  const plans = new Plans();
  const command = (name, run) => vscode.commands.registerCommand(name, run);
  context.subscriptions.push(
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, plans),
    command('skep.planPreview', () => {
      const editor = vscode.window.activeTextEditor;
      return editor && preview(plans, editor.document.uri);
    }),
    command('skep.planNode', (uri, address) => preview(plans, vscode.Uri.parse(uri), address)),
    command('skep.showReferences', showReferences),
    command('skep.restart', async () => {
      await client?.stop();
      await start();
    }),
  );
  await start();
};

exports.deactivate = () => client?.stop();
