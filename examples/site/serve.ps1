# Answers every request on port 80 with one line of text.
$listener = [System.Net.HttpListener]::new()
$listener.Prefixes.Add('http://+:80/')
$listener.Start()
while ($listener.IsListening) {
    $response = $listener.GetContext().Response
    $text = [System.Text.Encoding]::UTF8.GetBytes("It works.`n")
    $response.OutputStream.Write($text, 0, $text.Length)
    $response.Close()
}
